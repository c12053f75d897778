{{- define "lehr.claimSpec" -}}
accessModes:
  {{- toYaml .accessModes | nindent 2 }}
{{- with .storageClass }}
storageClassName: {{ . | quote }}
{{- end }}
resources:
  requests:
    storage: {{ .size }}
{{- end }}

{{/* What a pod of a StatefulSet keeps under /data/state. */}}
{{- define "lehr.stateClaim" -}}
volumeClaimTemplates:
  - apiVersion: v1
    kind: PersistentVolumeClaim
    metadata:
      name: state
      labels:
        {{- include "lehr.selector" . | nindent 8 }}
    spec:
      {{- include "lehr.claimSpec" .persistence | nindent 6 }}
{{- end }}
